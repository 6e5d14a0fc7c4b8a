export default () => <p>lethe</p>;
